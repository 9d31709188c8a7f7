import { createBusy } from './busy.js'

export default createBusy('busy-10', 1.1)
