// A choice among the deployments that serve a service.
import { choice } from './dom.mjs';
import { deploymentWords, knownNames } from './filter_form.mjs';

/** Returns a select of the deployment that it has, the latest, and each by its id. */
export async function deploymentChoice(explanation, id, value) {
  const { deployments } = await knownNames();
  const service = explanation.target.split('/')[0];
  const serving = deployments.flatMap((deployment) => (deployment.services ?? [])
    .filter((one) => one.name === service)
    .map((one) => ({ deployment, revision: one.revision })));
  serving.sort((a, b) => b.revision - a.revision);
  return choice({ id, name: 'deployment' }, [
    ['latest', 'the latest'],
    ['keep', 'the one that it is pinned to'],
    ...serving.map(({ deployment, revision }) => [deployment.id, `revision ${revision}: ${deploymentWords(deployment)}`]),
  ], value);
}
