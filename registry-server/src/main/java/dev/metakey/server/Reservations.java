package dev.metakey.server;

import dev.metakey.model.Field;
import dev.metakey.model.FieldState;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import dev.metakey.model.Reservation;
import dev.metakey.server.domain.Reserve;
import dev.metakey.server.domain.Unreserve;
import dev.metakey.server.engine.Engine;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Makes the registry reserve what {@code keys.d} says. What contradicts the registry is a problem,
 * and the rest is taken on.
 */
final class Reservations {
  private final Engine engine;
  private final Path directory;
  private final Consumer<String> problem;

  /**
   * @param directory {@code keys.d}
   * @param problem is told what was not taken on, with file and line
   */
  Reservations(Engine engine, Path directory, Consumer<String> problem) {
    this.engine = engine;
    this.directory = directory;
    this.problem = problem;
  }

  /** Takes on what is wanted, and drops what the directory said earlier and says no more. */
  void apply(List<Reserve> wanted) {
    dropAllBut(wanted);
    for (Reserve reserve : wanted) {
      try {
        engine.run(reserve);
      } catch (MetakeyException e) {
        if (e.reason() == Reason.STORE_FAILED) {
          throw e;
        }
        problem.accept("%s: %s".formatted(reserve.reservation().by(), e.text()));
      }
    }
  }

  private void dropAllBut(List<Reserve> wanted) {
    Set<String> names = new HashSet<>();
    wanted.forEach(reserve -> names.add(reserve.spec().name()));
    for (Field field : engine.snapshot().records()) {
      if (isFromDirectory(field) && !names.contains(field.name())) {
        engine.run(new Unreserve(field.name()));
      }
    }
  }

  private boolean isFromDirectory(Field field) {
    Reservation reservation = field.reservation();
    return reservation != null
        && !field.is(FieldState.FREE)
        && reservation.by().startsWith(directory + "/");
  }
}
