// `ram-block-attributes/client`: the service's API for programs in Node. The typed client, the follower of events, and the
// receiver's half: verify a signature, fence what is late, answer a repeated delivery as before.
export { AnswerMemory, REMEMBERED_ANSWERS } from './answer-memory.ts';
export { DeliveryOrder, type SequenceGap } from './delivery-order.ts';
export { EventTooLongError, readEvents, type ServiceEvent, type StreamItem } from './event-stream.ts';
export { type FollowOptions, type FollowState, followEvents, SilenceError } from './follow-events.ts';
export type { components, operations, paths } from './openapi.ts';
export {
  type Call,
  type Fetch,
  type HttpMethod,
  NoAnswerError,
  ProblemError,
  type ResultOf,
  type ServiceAnswer,
  ServiceClient,
  type ServiceClientOptions,
  type ServiceProblem,
  type ServiceRequest,
  toProblem,
  UnexpectedAnswerError,
} from './service-client.ts';
export { ServiceConnection } from './service-connection.ts';
export { decodeSecret, newSecret, type Verification, verifyWebhook } from './webhook-signature.ts';
