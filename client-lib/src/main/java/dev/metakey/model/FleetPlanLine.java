package dev.metakey.model;

/**
 * What joining the fleet does about a name of this host.
 *
 * @param id here
 * @param slot here; 0 in the packed layout
 * @param fleetId -1 if the fleet does not know the name
 * @param fleetSlot 0 if it does not, and in the packed layout
 * @param why what conflicts; empty otherwise
 */
public record FleetPlanLine(
    String name, Kind kind, int id, int slot, int fleetId, int fleetSlot, String why) {

  /** What becomes of the name. */
  public enum Kind implements Coded {
    /** It is the same here and in the fleet. */
    AGREES(1),
    /** The fleet takes on the id and slot that it has here. */
    CLAIM(2),
    /** It keeps what it has here, and differs from the fleet. */
    CONFLICT(3);

    private final int code;

    Kind(int code) {
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
}
