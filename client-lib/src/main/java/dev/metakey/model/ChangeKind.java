package dev.metakey.model;

/** What a change did. */
public enum ChangeKind implements Coded {
  /**
   * Something that this version has no word for, done by a newer daemon: {@link Change#before()}
   * and {@link Change#after()} tell what it led to.
   */
  OTHER(0),
  /** A field came into being. */
  CREATED(1),
  /** A retired field was brought back. */
  RESTORED(2),
  /** An owner joined a shared field, or is the first of one that was adopted. */
  JOINED(3),
  /** An owner left a shared field that others still hold. */
  LEFT(4),
  /** A field was released, and is retired. */
  RELEASED(5),
  /** The ttl of a field ran out, and it is retired. */
  EXPIRED(6),
  /** The id of a retired field became free, or fell back to its reservation. */
  FREED(7),
  /** A name was tied to an id. */
  RESERVED(8),
  /** A name is no longer tied to an id. */
  UNRESERVED(9),
  /** The layout or area of the host changed, and with it the slot. */
  MOVED(10),
  /** A field came into being because loaded programs are linked to it; nobody owns it yet. */
  ADOPTED(11),
  /** A field was released by an admin although loaded programs use it, and is retired. */
  FORCED(12),
  /** An admin handed a field to another owner. */
  TRANSFERRED(13),
  /** An admin put the registry back to a backup; this is what became of one of its ids. */
  RECOVERED(14);

  private final int code;

  ChangeKind(int code) {
    this.code = code;
  }

  @Override
  public int code() {
    return code;
  }

  /** The name in lower case. */
  @Override
  public String toString() {
    return Words.lower(this);
  }
}
