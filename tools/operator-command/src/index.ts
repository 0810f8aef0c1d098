export { helpRows, readArguments, type OptionHelp } from './arguments.ts';
export { runCommand, type Command, type Parsed } from './command.ts';
export { createControlPlane, Refused, Unreachable, type ControlPlane, type Request } from './control-plane.ts';
export { isSafeUrl, keyFileOption, readOperatorKey, unsafeUrl } from './operator-key.ts';
