package dev.metakey.bench;

/** The work that is the same for whatever is measured. Each name is one client's alone. */
enum Op {
  /** Makes a name one's own, durably, unless somebody has it. */
  CLAIM,

  /** Gives a claimed name back, so that it can be claimed again. */
  RELEASE,

  /** Reads what stands behind a claimed name. */
  LOOK_UP
}
