import { serve } from './serve.js'

await serve(async () => (await import('./app.js')).buildApp)
