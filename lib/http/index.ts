/** Queries, metadata, metrics and health of an instance over HTTP, on `node:http`. */
export { createHandler, type RequestHandler } from './handler'
export type { HandlerOptions, HandlerRoute } from './handler-options'
export { gracefulShutdown, type GracefulShutdown, type GracefulShutdownOptions } from './graceful-shutdown'
export { listen, type ListenOptions } from './listen'
