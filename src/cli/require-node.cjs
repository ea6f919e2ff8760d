'use strict';

// The npm scripts load this file before each program, because a Node.js that is too old cannot read TypeScript: it
// would print a stack trace that does not name the reason. This file is plain JavaScript so that an old Node.js can
// read it.

/** The oldest Node.js that can run the programs; `engines` in package.json says the same. */
const MAJOR_VERSION_MIN = 24;

const { node } = process.versions;
if (Number(node.split('.')[0]) < MAJOR_VERSION_MIN) {
  process.stderr.write(
    `This program needs Node.js ${MAJOR_VERSION_MIN} or newer, but this is Node.js ${node}: run npm ci, which installs a newer one for this project alone.\n`,
  );
  process.exit(1);
}
