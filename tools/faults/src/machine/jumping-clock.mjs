/**
 * Loaded before a service (`node --import`): its clock is what the file JUMPING_CLOCK_FILE says ahead of the machine's, in ms, read again at SIGUSR2.
 * Only what asks for the time of day jumps; timers do not, as with a real clock that is set. In JavaScript, as the Node that starts npm may be an old one.
 */
import { readFileSync } from 'node:fs';

const file = process.env.JUMPING_CLOCK_FILE;
const RealDate = Date;
const realNow = RealDate.now;
let aheadMs = 0;

function read() {
  try {
    aheadMs = Number(readFileSync(file, 'utf8'));
  } catch {
    aheadMs = 0;
  }
}

const now = () => realNow() + aheadMs;

function JumpingDate(...given) {
  if (!new.target) return new RealDate(now()).toString();
  return Reflect.construct(RealDate, given.length > 0 ? given : [now()], new.target);
}
JumpingDate.prototype = RealDate.prototype;
JumpingDate.prototype.constructor = JumpingDate;
Object.assign(JumpingDate, { now, parse: RealDate.parse, UTC: RealDate.UTC });

if (file) {
  globalThis.Date = JumpingDate;
  read();
  process.on('SIGUSR2', read);
}
