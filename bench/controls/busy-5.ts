import { createBusy } from './busy.js'

export default createBusy('busy-5', 1.05)
