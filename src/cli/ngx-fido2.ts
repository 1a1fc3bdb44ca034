/** The command: everything that a person or a script asks of an installation. */
import { run } from './program.ts';

process.exit(await run(process.argv.slice(2)));
