/** The command: everything that a person or a script asks of an installation. */
import { run } from './program.ts';

const status = await run(process.argv.slice(2));
// a pipe takes long output bit by bit, and what it has not taken is lost with the process
const written = [process.stdout, process.stderr].map((stream) => new Promise((resolve) => stream.write('', resolve)));
await Promise.all(written);
process.exit(status);
