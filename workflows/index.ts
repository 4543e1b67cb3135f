export { approval } from './approval.ts';
export { conversation } from './conversation.ts';
export { trial } from './trial.ts';
