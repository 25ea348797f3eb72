package dev.metakey.system;

import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.parallel.ResourceAccessMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/**
 * What the kernel has loaded is the whole machine's: a daemon that looks would take over the fields
 * of another test's programs. So tests say what they do with it, and what disturbs another does not
 * run beside it. Tests that say nothing run beside all others.
 *
 * <p>Maven runs the tests with {@link Seen} first and alone, by their tag. Of the rest, those with
 * {@link Loaded} run side by side, but not beside one that does both.
 */
final class LoadedPrograms {
  static final String SEEN = "sees-programs";

  private static final String RESOURCE = "loaded programs";

  private LoadedPrograms() {}

  /** The test's daemons look at what is loaded; the test loads nothing with fields. */
  @Tag(SEEN)
  @Retention(RetentionPolicy.RUNTIME)
  @interface Seen {}

  /** The test loads programs with fields; its daemons do not look at them. */
  @Tag("loads-programs")
  @ResourceLock(value = RESOURCE, mode = ResourceAccessMode.READ)
  @Retention(RetentionPolicy.RUNTIME)
  @interface Loaded {}

  /** The test loads programs with fields, and its daemons look at them. */
  @Tag(SEEN)
  @Tag("loads-programs")
  @ResourceLock(RESOURCE)
  @Retention(RetentionPolicy.RUNTIME)
  @interface LoadedAndSeen {}
}
