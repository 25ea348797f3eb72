package dev.metakey.packet;

/** What became of {@link AreaCodec#set}. Only {@link #DONE} changed anything. */
public enum SetResult {
  /** The value is set. 0 in C. */
  DONE,
  /** There is no area, or somebody else's bytes or value. {@code -EBUSY} in C. */
  NOT_OURS,
  /** The values present leave no room; in the packed layout only. {@code -ENOSPC} in C. */
  NO_SPACE,
  /** The field has no place in the area, or there is no such field. {@code -ENOLINK} in C. */
  NO_PLACE
}
