// Reads streams in Arrow's format from files with apache-arrow.  Each line of its input has
// the name of a file, behind what is wanted of it and a blank, and is answered with a line
// of JSON:
//
//   rows     fields, rows of each batch, and all values
//   digest   of each column: values, nulls, MD5 of the values, each with a line feed
//
// Integers of 64 bits are text, times and dates milliseconds, bytes hexadecimal.
const { createHash } = require('node:crypto');
const { createReadStream } = require('node:fs');
const readline = require('node:readline');
const { RecordBatchReader } = require('apache-arrow');

function plain(value)
{
	if (value === null || value === undefined)
		return null;
	if (typeof value === 'bigint')
		return value.toString();
	if (value instanceof Uint8Array)
		return Buffer.from(value).toString('hex');
	if (typeof value === 'object')
		return Array.from(value, plain);
	return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

async function read(wanted, file)
{
	const reader = await RecordBatchReader.from(createReadStream(file));
	const told = { batches: [], rows: [] };

	await reader.open({ autoDestroy: false });
	const fields = reader.schema.fields;
	const sums = fields.map(() => ({ count: 0, nulls: 0, md5: createHash('md5') }));

	told.fields = fields.map((field) => [field.name, String(field.type)]);
	for await (const batch of reader)
	{
		told.batches.push(batch.numRows);
		const columns = fields.map((_, i) => batch.getChildAt(i));
		for (let row = 0; row < batch.numRows; row++)
		{
			const values = columns.map((column) => plain(column.get(row)));
			if (wanted === 'rows')
				told.rows.push(values);
			else
				values.forEach((value, i) =>
				{
					sums[i].count++;
					if (value === null)
						sums[i].nulls++;
					else
						sums[i].md5.update(`${value}\n`);
				});
		}
	}
	if (wanted !== 'rows')
		told.digest = sums.map((sum) => [sum.count, sum.nulls, sum.md5.digest('hex')]);
	return told;
}

async function main()
{
	for await (const line of readline.createInterface({ input: process.stdin }))
	{
		const [, wanted, file] = line.match(/^(\w+) (.*)$/);
		const told = await read(wanted, file).catch((error) => ({ error: error.message }));

		process.stdout.write(`${JSON.stringify(told)}\n`);
	}
}

main();
