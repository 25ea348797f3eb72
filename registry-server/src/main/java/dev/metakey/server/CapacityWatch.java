package dev.metakey.server;

import dev.metakey.model.Change;
import dev.metakey.model.Snapshot;
import dev.metakey.server.domain.Capacity;
import dev.metakey.server.domain.Capacity.Shortage;
import dev.metakey.server.engine.CommitListener;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells what is running out as long as it is, and logs each time that this begins or ends. */
final class CapacityWatch implements CommitListener {
  private static final Logger log = LoggerFactory.getLogger(CapacityWatch.class);

  private volatile List<Shortage> shortages = List.of();

  CapacityWatch(Snapshot now) {
    committed(now, List.of());
  }

  @Override
  public void committed(Snapshot snapshot, List<Change> changes) {
    Set<String> known = shortages.stream().map(Shortage::what).collect(Collectors.toSet());
    List<Shortage> found = Capacity.shortages(snapshot);
    for (Shortage shortage : found) {
      if (!known.remove(shortage.what())) {
        log.warn(shortage.text());
      }
    }
    known.forEach(what -> log.info("{} are not running out any more", what));
    shortages = found;
  }

  List<String> problems() {
    return shortages.stream().map(Shortage::text).toList();
  }
}
