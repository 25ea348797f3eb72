package dev.metakey.model;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A field and its place.
 *
 * @param id 0-63; well-known fields have ids from 64 up
 * @param generation counts the fields that this id has belonged to, from 1; 0 for well-known fields
 *     and for a reserved id that never belonged to one
 * @param slot the value starts this many bytes before the packet; 0 where it has no slot
 * @param owners empty for reserved and well-known fields, and for adopted ones that nobody has
 *     registered since; retired and free ones show their last owners
 * @param reservation null where the name is not reserved
 * @param retired {@link Stamp#NONE} unless retired or free
 * @param expiresAtMs when the ttl runs out, milliseconds since 1970, unless the clock is set; 0 for
 *     never. Not durable: a daemon that starts grants every field its full ttl again.
 * @param expiresAgeMs the age of the registry when the ttl runs out, milliseconds; this is what the
 *     daemon goes by
 */
public record Field(
    int id,
    int generation,
    int slot,
    FieldSpec spec,
    FieldState state,
    List<Owner> owners,
    @Nullable Reservation reservation,
    Stamp created,
    Stamp retired,
    long expiresAtMs,
    long expiresAgeMs) {

  /** Ids 0-63 are handed out. */
  public static final int IDS = 64;

  public Field {
    owners = List.copyOf(owners);
  }

  public String name() {
    return spec.name();
  }

  public int size() {
    return spec.size();
  }

  public boolean is(FieldState wanted) {
    return state == wanted;
  }

  public boolean isForeign() {
    return reservation != null && reservation.foreign();
  }

  /**
   * Whether the name stands for this field: it is active, well-known, or foreign, whether or not
   * anybody has registered it.
   */
  public boolean isResolvable() {
    return is(FieldState.ACTIVE) || is(FieldState.WELL_KNOWN) || isForeign();
  }

  public Builder toBuilder() {
    Builder builder = new Builder(id, spec, state);
    builder.generation = generation;
    builder.slot = slot;
    builder.owners = owners;
    builder.reservation = reservation;
    builder.created = created;
    builder.retired = retired;
    builder.expiresAtMs = expiresAtMs;
    builder.expiresAgeMs = expiresAgeMs;
    return builder;
  }

  /** Makes fields, and changed copies of fields. */
  public static final class Builder {
    private final int id;
    private int generation;
    private int slot;
    private FieldSpec spec;
    private FieldState state;
    private List<Owner> owners = List.of();
    private @Nullable Reservation reservation;
    private Stamp created = Stamp.NONE;
    private Stamp retired = Stamp.NONE;
    private long expiresAtMs;
    private long expiresAgeMs;

    public Builder(int id, FieldSpec spec, FieldState state) {
      this.id = id;
      this.spec = spec;
      this.state = state;
    }

    public Builder generation(int value) {
      generation = value;
      return this;
    }

    public Builder slot(int value) {
      slot = value;
      return this;
    }

    public Builder spec(FieldSpec value) {
      spec = value;
      return this;
    }

    public Builder state(FieldState value) {
      state = value;
      return this;
    }

    public Builder owners(List<Owner> value) {
      owners = value;
      return this;
    }

    public Builder reservation(@Nullable Reservation value) {
      reservation = value;
      return this;
    }

    public Builder created(Stamp value) {
      created = value;
      return this;
    }

    public Builder retired(Stamp value) {
      retired = value;
      return this;
    }

    public Builder expiresAgeMs(long value) {
      expiresAgeMs = value;
      return this;
    }

    public Builder expiresAtMs(long value) {
      expiresAtMs = value;
      return this;
    }

    public Field build() {
      return new Field(
          id,
          generation,
          slot,
          spec,
          state,
          owners,
          reservation,
          created,
          retired,
          expiresAtMs,
          expiresAgeMs);
    }
  }
}
