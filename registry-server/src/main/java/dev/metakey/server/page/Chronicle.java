package dev.metakey.server.page;

import dev.metakey.model.Change;
import dev.metakey.model.Field;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.RegistryInfo;
import dev.metakey.server.engine.Engine;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The newest changes of each id. The history is read once, when somebody asks first, and from there
 * on only what came since: so asking often costs nothing.
 */
final class Chronicle {
  /** How many changes of an id are kept. */
  static final int MOST = 20;

  private static final int PAGE = 500;

  private final Engine engine;
  private final Map<Integer, Deque<Change>> byId = new HashMap<>();
  private @Nullable UUID registryId;
  private long revision;

  Chronicle(Engine engine) {
    this.engine = engine;
  }

  /**
   * The newest changes of an id, the newest first. Reads the disk.
   *
   * @throws MetakeyException STORE_FAILED
   */
  synchronized List<Change> of(int id) {
    catchUp();
    return new ArrayList<>(byId.getOrDefault(id, new ArrayDeque<>()));
  }

  private void catchUp() {
    RegistryInfo info = engine.snapshot().info();
    if (!info.registryId().equals(registryId) || info.revision() < revision) {
      byId.clear();
      registryId = info.registryId();
      revision = 0;
    }
    List<Change> page;
    do {
      page = revision < info.revision() ? engine.history(revision, PAGE) : List.of();
      page.forEach(this::note);
    } while (page.size() == PAGE);
  }

  private void note(Change change) {
    revision = change.revision();
    Field field = change.field();
    Deque<Change> changes = byId.computeIfAbsent(field.id(), id -> new ArrayDeque<>());
    changes.addFirst(change);
    if (changes.size() > MOST) {
      changes.removeLast();
    }
  }
}
