export * from './background-task.ts';
