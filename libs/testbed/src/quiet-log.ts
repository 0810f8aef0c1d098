/** A logger that keeps quiet: what goes wrong shows in what a test waits for. */
export const quietLog = { trace() {}, debug() {}, info() {}, warn() {}, error() {}, fatal() {} };
