package dev.metakey.server;

import dev.metakey.model.Change;
import dev.metakey.model.Snapshot;
import dev.metakey.server.domain.Capacity;
import dev.metakey.server.engine.CommitListener;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells what is running out as long as it is, and logs each time that this begins or ends. */
final class CapacityWatch implements CommitListener {
  private static final Logger log = LoggerFactory.getLogger(CapacityWatch.class);

  private final Set<Capacity> known = EnumSet.noneOf(Capacity.class); // the writer's
  private volatile Snapshot newest;

  CapacityWatch(Snapshot now) {
    newest = now;
    committed(now, List.of());
  }

  @Override
  public void committed(Snapshot snapshot, List<Change> changes) {
    newest = snapshot;
    for (Capacity what : Capacity.values()) {
      if (what.isShort(snapshot)) {
        if (known.add(what)) {
          log.warn(what.warning(snapshot));
        }
      } else if (known.remove(what)) {
        log.info("{} are not running out any more", what);
      }
    }
  }

  List<String> problems() {
    Snapshot now = newest;
    return Stream.of(Capacity.values())
        .filter(what -> what.isShort(now))
        .map(what -> what.warning(now))
        .toList();
  }
}
