package dev.metakey.server.transport;

import dev.metakey.model.Field;
import dev.metakey.model.FieldState;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import dev.metakey.model.WellKnown;
import dev.metakey.v1.ListResponse;
import dev.metakey.v1.ResolveResponse;
import dev.metakey.wire.Wire;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The answers to what is asked most often, encoded once for as long as the registry stays as it is:
 * a list of everything, and what a single name stands for. Thread-safe; two threads may encode the
 * same answer at the same time.
 */
final class ReadAnswers {
  /** The states of the fields that are listed if a request names no states. */
  static final Set<FieldState> ALL_BUT_FREE =
      Collections.unmodifiableSet(EnumSet.complementOf(EnumSet.of(FieldState.FREE)));

  private static final int FIELDS = Field.IDS + WellKnown.FIELDS.size();

  /** The answers from one snapshot. Null before the first is asked for. */
  private volatile @Nullable Page page;

  private static final class Page {
    private final Snapshot snapshot;
    private final AtomicReferenceArray<Encoded> resolved = new AtomicReferenceArray<>(FIELDS);
    private volatile @Nullable Encoded list;

    Page(Snapshot snapshot) {
      this.snapshot = snapshot;
    }
  }

  private Page page(Snapshot snapshot) {
    Page current = page;
    if (current == null || current.snapshot != snapshot) {
      current = new Page(snapshot);
      page = current;
    }
    return current;
  }

  /** The answer to a resolve of one name. */
  Encoded resolved(Snapshot snapshot, Field field) {
    Page current = page(snapshot);
    Encoded known = current.resolved.get(field.id());
    if (known == null) {
      known = resolved(snapshot.info(), List.of(field));
      current.resolved.set(field.id(), known);
    }
    return known;
  }

  static Encoded resolved(RegistryInfo info, List<Field> fields) {
    ResolveResponse.Builder wire = ResolveResponse.newBuilder().setRegistry(Wire.info(info));
    fields.forEach(field -> wire.addFields(Wire.field(field)));
    return Encoded.of(wire.build());
  }

  /** The answer to a list of everything but what is free. */
  Encoded list(Snapshot snapshot) {
    Page current = page(snapshot);
    Encoded known = current.list;
    if (known == null) {
      known = list(snapshot, field -> ALL_BUT_FREE.contains(field.state()));
      current.list = known;
    }
    return known;
  }

  static Encoded list(Snapshot snapshot, Predicate<Field> wanted) {
    ListResponse.Builder wire = ListResponse.newBuilder().setRegistry(Wire.info(snapshot.info()));
    for (Field field : snapshot.allRecords()) {
      if (wanted.test(field)) {
        wire.addFields(Wire.field(field));
      }
    }
    return Encoded.of(wire.build());
  }
}
