package dev.metakey.server.domain;

import dev.metakey.model.LoadedProgram;
import java.util.List;

/**
 * The daemon has looked at what the kernel has loaded. Changes nothing by itself: nothing of it is
 * durable or told. A look that began before the one that is known already is ignored.
 *
 * @param atMs when the look began, milliseconds since 1970
 * @param loaded what it saw: programs that name fields
 * @param blindness why it saw nothing; empty if it saw
 */
public record Observe(long atMs, List<LoadedProgram> loaded, String blindness)
    implements Command<Programs> {
  public Observe {
    loaded = List.copyOf(loaded);
  }

  public static Observe seen(long atMs, List<LoadedProgram> loaded) {
    return new Observe(atMs, loaded, "");
  }

  /**
   * @param why not empty
   */
  public static Observe blind(long atMs, String why) {
    return new Observe(atMs, List.of(), why);
  }

  @Override
  public Programs decide(Draft draft) {
    Programs known = draft.programs();
    if (!blindness.isEmpty()) {
      draft.observed(new Programs(known.seenAtMs(), known.loaded(), blindness));
    } else if (atMs >= known.seenAtMs()) {
      draft.observed(new Programs(atMs, loaded, ""));
    }
    return draft.programs();
  }
}
