export { startLoad, type Load } from './load/load.ts';
export { startStack, type Balance, type Instance, type Ready, type Stack, type StackOptions } from './stack.ts';
export { connectStubborn, type StubbornClient, type Witness } from './stubborn-client.ts';
export { createStubbornHttpClient, type HttpCaller, type StubbornSubmitter } from './stubborn-http-client.ts';
