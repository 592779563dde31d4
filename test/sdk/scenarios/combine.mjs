// Several things that are waited for together: which of them comes first is a matter of the moment.
const due = {
  all: '200 [1,"slept","hi"]', all_fails: '444 {"code":444,"message":"first fails"}', all_empty: '200 []', race: '200 "short"',
  race_fails: '444 {"code":444,"message":"first fails"}', any: '200 "second"', any_fails: undefined, settled: '200 [["fulfilled",1],["rejected","second fails"]]',
  timeout: undefined, in_time: '200 "quick"', mapped: '200 [2,"second fails"]', resolved: '200 [1,"at once","rejected"]', nested: '200 ["a","b"]',
};

// what of these ends first is a matter of the moment
export default Object.keys(due).map((handler) => ({ name: `together: ${handler}`, call: [`/Combine/${handler}`], due: due[handler], anyOrder: true, unwritten: handler === 'all' }));
