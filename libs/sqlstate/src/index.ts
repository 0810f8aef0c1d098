export { isDataError, sqlStateOf } from './sqlstate.ts';
