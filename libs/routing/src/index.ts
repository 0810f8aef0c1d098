export * from './decision.ts';
export type { ExplainedRule, ExplainedTarget, RouteExplanation } from './explain.ts';
export type { Filter } from './filter.ts';
export type { TargetFault } from './choose.ts';
export {
  cascadeReasons,
  routeRule,
  senderPattern,
  targetsMax,
  type CascadePolicy,
  type RouteRule,
  type RouteRuleGiven,
  type RouteTarget,
  type Rule,
  type TimeWindow,
} from './rule.ts';
export { allowedSenders, compileSenders, type SenderList } from './senders.ts';
export { compileRoutes, type RouteTable } from './table.ts';
