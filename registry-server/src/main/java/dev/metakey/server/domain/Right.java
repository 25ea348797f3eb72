package dev.metakey.server.domain;

import dev.metakey.model.Words;

/** What a rule of the policy may allow. */
public enum Right {
  /** Resolve, list, get and watch. */
  READ,
  /** Make fields, take them on, renew them, and bring them back. */
  REGISTER,
  /** Be told the tag that linked programs carry. There is one for all names. */
  LINK,
  /** Release what one owns. */
  RELEASE,
  /** Everything, also with what belongs to others. */
  ADMIN;

  /** The name in lower case. */
  @Override
  public String toString() {
    return Words.lower(this);
  }
}
