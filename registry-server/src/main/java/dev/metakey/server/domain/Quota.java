package dev.metakey.server.domain;

import dev.metakey.model.Field;

/**
 * How much one holder may have: a unit or a uid, whatever the uid claims to be. An admin's services
 * count one by one.
 *
 * @param ids how many ids, retired ones included
 * @param slotBytes how many bytes for slots; {@link #HALF} of those that the area has
 * @param waits resolves that wait at a time; this and the rest: {@link #AS_LIMITED}, or 0 and more
 * @param watches open at a time
 * @param connections open at a time
 * @param callsPerSecond on average
 */
public record Quota(
    int ids, int slotBytes, int waits, int watches, int connections, int callsPerSecond) {
  /** Half of the slot bytes that the layout has. */
  public static final int HALF = -1;

  /** As the daemon's limits say for one uid. */
  public static final int AS_LIMITED = -1;

  /** What a rule gives that says nothing about it. Two holders never have everything. */
  public static final Quota DEFAULT =
      new Quota(Field.IDS / 2, HALF, AS_LIMITED, AS_LIMITED, AS_LIMITED, AS_LIMITED);

  /** No bound but what there is. */
  public static final Quota NONE =
      new Quota(
          Integer.MAX_VALUE, Integer.MAX_VALUE, AS_LIMITED, AS_LIMITED, AS_LIMITED, AS_LIMITED);

  /**
   * How many bytes for slots that is.
   *
   * @param slotBytesInAll how many bytes the layout has for slots
   */
  public int slotBytes(int slotBytesInAll) {
    return slotBytes == HALF ? slotBytesInAll / 2 : slotBytes;
  }
}
