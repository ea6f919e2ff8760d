export * from './background-task.ts';
export * from './thread-time.ts';
