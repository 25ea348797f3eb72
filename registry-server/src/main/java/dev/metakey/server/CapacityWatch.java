package dev.metakey.server;

import dev.metakey.model.Change;
import dev.metakey.model.Snapshot;
import dev.metakey.server.domain.Capacity;
import dev.metakey.server.engine.CommitListener;
import dev.metakey.server.log.Event;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** Tells what is running out as long as it is, and logs each time that this begins or ends. */
final class CapacityWatch implements CommitListener {

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
          Event.RUNNING_OUT.with("what", what).say(what.warning(snapshot));
        }
      } else if (known.remove(what)) {
        Event.NOT_RUNNING_OUT.with("what", what).say(what + " are not running out any more");
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
