// One JSON object per line in, one per line out. The rest of a program may print what it likes: that goes to
// standard error, because standard output belongs to the answers.

import { createInterface } from 'node:readline';
import { Refused, Unsupported } from './samlify.mjs';

for (const name of ['log', 'info', 'debug']) console[name] = (...words) => console.error(...words);
// samlify and its libraries warn at every call of what a test chose on purpose, such as an old algorithm.
console.warn = () => {};

/** Writes one answer. */
export function say(answer) {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

/** Answers each line of standard input with `commands[cmd]`, until there is no more. */
export async function answerLines(commands) {
  for await (const line of createInterface({ input: process.stdin })) {
    say(await answer(commands, line));
  }
}

/** The answer to one command: what it returns, or why it did not. */
export async function answer(commands, line) {
  try {
    const command = JSON.parse(line);
    if (!Object.hasOwn(commands, command.cmd)) return { error: `there is no command ${command.cmd}` };
    return await commands[command.cmd](command);
  } catch (problem) {
    if (problem instanceof Unsupported) return { unsupported: problem.message };
    if (problem instanceof Refused) return { refused: problem.message };
    console.error(problem);
    return { error: String(problem) };
  }
}
