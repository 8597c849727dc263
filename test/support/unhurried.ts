// Settings of a service in a test: nothing is turned away because the machine is busy with something else.
export const UNHURRIED = {
  RBA_EVENT_LOOP_DELAY_LIMIT_MS: '0',
  RBA_QUEUE_WAIT_MS: '600000',
  RBA_REQUEST_TIMEOUT_MS: '600000',
};
