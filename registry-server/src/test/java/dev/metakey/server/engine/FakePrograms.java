package dev.metakey.server.engine;

import dev.metakey.model.LoadedProgram;
import dev.metakey.server.domain.Loaded;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A kernel with programs that a test loads and unloads. It shows nothing if it is told to. */
public final class FakePrograms implements ProgramSource {
  /** The process that holds every program open. */
  public static final int PID = 4711;

  private List<LoadedProgram> loaded = List.of();
  private @Nullable String blindness;
  private int looks;

  /** Sets what is loaded, and can be seen, from now on. */
  public synchronized void load(LoadedProgram... programs) {
    loaded = List.of(programs);
    blindness = null;
  }

  /** From now on nothing can be seen. */
  public synchronized void hide(String why) {
    blindness = why;
  }

  /** How often somebody looked. */
  public synchronized int looks() {
    return looks;
  }

  @Override
  public synchronized List<LoadedProgram> loaded(boolean withPids) throws IOException {
    looks++;
    if (blindness != null) {
      throw new IOException(blindness);
    }
    return withPids ? loaded.stream().map(p -> Loaded.heldBy(PID, p)).toList() : loaded;
  }
}
