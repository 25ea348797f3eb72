package dev.metakey.server;

import dev.metakey.model.Field;
import dev.metakey.model.FieldState;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import dev.metakey.model.Reservation;
import dev.metakey.model.Snapshot;
import dev.metakey.server.config.Read;
import dev.metakey.server.domain.Command;
import dev.metakey.server.domain.Reserve;
import dev.metakey.server.domain.Unreserve;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Makes a registry reserve what {@code keys.d} says. What cannot be read, or contradicts the
 * registry, is a problem, and the rest is taken on.
 */
final class Reservations {
  private final Runner registry;
  private final Supplier<Snapshot> snapshots;
  private final Path directory;
  private final Consumer<String> problem;

  /** Makes a change, or throws the refusal. */
  @FunctionalInterface
  interface Runner {
    <R> R run(Command<R> command);
  }

  /**
   * @param directory {@code keys.d}
   * @param problem is told what was not taken on, with file and line
   */
  Reservations(
      Runner registry, Supplier<Snapshot> snapshots, Path directory, Consumer<String> problem) {
    this.registry = registry;
    this.snapshots = snapshots;
    this.directory = directory;
    this.problem = problem;
  }

  /**
   * Takes on what is wanted, and drops what the directory said earlier and no longer says. Nothing
   * is dropped while something cannot be read, as the reservation may be in there.
   */
  void apply(Read<List<Reserve>> wanted) {
    wanted.faults().forEach(problem);
    if (wanted.faults().isEmpty()) {
      dropAllBut(wanted.value());
    }
    for (Reserve reserve : wanted.value()) {
      run(reserve, reserve.reservation());
    }
  }

  private void run(Command<?> command, Reservation reservation) {
    try {
      registry.run(command);
    } catch (MetakeyException e) {
      if (e.reason() == Reason.STORE_FAILED) {
        throw e;
      }
      problem.accept("%s: %s".formatted(reservation.by(), e.text()));
    }
  }

  private void dropAllBut(List<Reserve> wanted) {
    Set<String> names = new HashSet<>();
    wanted.forEach(reserve -> names.add(reserve.spec().name()));
    for (Field field : snapshots.get().records()) {
      Reservation reservation = field.reservation();
      if (reservation != null
          && !field.is(FieldState.FREE)
          && isFromDirectory(reservation)
          && !names.contains(field.name())) {
        run(new Unreserve(field.name()), reservation);
      }
    }
  }

  private boolean isFromDirectory(Reservation reservation) {
    return reservation.by().startsWith(directory + "/");
  }
}
