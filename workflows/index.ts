export { conversation } from './conversation.ts';
export { trial } from './trial.ts';
