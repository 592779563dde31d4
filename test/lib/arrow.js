// Reads a stream in Arrow's format from standard input with apache-arrow, and
// prints it as JSON:
//
//   node arrow.js rows     fields, rows of each batch, and all values
//   node arrow.js digest   of each column: values, nulls, MD5 of the values, each with a line feed
//
// Integers of 64 bits are text, times and dates milliseconds, bytes hexadecimal.
const { createHash } = require('node:crypto');
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

async function main()
{
	const wanted = process.argv[2];
	const reader = await RecordBatchReader.from(process.stdin);
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
	process.stdout.write(JSON.stringify(told));
}

main().catch((error) =>
{
	process.stdout.write(JSON.stringify({ error: error.message }));
});
