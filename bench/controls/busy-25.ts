import { createBusy } from './busy.js'

export default createBusy('busy-25', 1.25)
