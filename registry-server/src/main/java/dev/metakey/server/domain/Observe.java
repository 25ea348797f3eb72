package dev.metakey.server.domain;

import dev.metakey.model.LoadedProgram;
import java.util.List;

/**
 * The daemon has looked at what the kernel has loaded. That changes nothing by itself: it is not
 * stored, and watchers are not told. A look that began before the one that is already known is
 * ignored.
 *
 * @param ageMs how old the registry was when the look began, milliseconds: 1 or more
 * @param loaded what it saw: programs that name fields
 * @param blindness why the look failed; empty if it did not
 */
public record Observe(long ageMs, List<LoadedProgram> loaded, String blindness)
    implements Command<Programs> {
  public Observe {
    loaded = List.copyOf(loaded);
  }

  public static Observe seen(long ageMs, List<LoadedProgram> loaded) {
    return new Observe(ageMs, loaded, "");
  }

  /**
   * @param why the look failed; not empty
   */
  public static Observe blind(long ageMs, String why) {
    return new Observe(ageMs, List.of(), why);
  }

  @Override
  public Programs decide(Draft draft) {
    Programs known = draft.programs();
    if (!blindness.isEmpty()) {
      draft.observed(new Programs(known.seenAgeMs(), known.loaded(), blindness));
    } else if (ageMs >= known.seenAgeMs()) {
      draft.observed(new Programs(ageMs, loaded, ""));
    }
    return draft.programs();
  }
}
