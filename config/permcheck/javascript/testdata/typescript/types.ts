export interface Event {
  text: string
  path: unknown
}
