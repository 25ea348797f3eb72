package dev.metakey.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;

import dev.metakey.files.AtomicFile;
import dev.metakey.files.Failure;
import dev.metakey.files.PathText;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Peer;
import dev.metakey.model.Reason;
import dev.metakey.server.config.FieldsFile;
import dev.metakey.server.config.Read;
import dev.metakey.server.domain.Apply;
import dev.metakey.server.domain.Restore;
import dev.metakey.server.engine.Engine;
import dev.metakey.server.log.Event;
import dev.metakey.server.storage.Backup;
import dev.metakey.server.transport.Upkeep;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;

/**
 * Backups, and the read-only mode that an admin turns on. A file in the data directory keeps that
 * mode over a restart: whoever turned it on relies on it until it is turned off.
 */
final class Maintenance implements Upkeep {
  static final String FILE = "read-only";

  /** How many faults of a file are told at once. */
  private static final int MOST_FAULTS = 10;

  private static final Set<PosixFilePermission> MODE = PosixFilePermissions.fromString("rw-------");

  private final Engine engine;
  private final Supplier<Backup.Home> home;
  private final Path file;
  private final String ownReason;
  private final Runnable turned;

  /**
   * @param data the data directory
   * @param ownReason why the daemon itself takes no changes; empty if it does
   * @param turned is run after the mode was turned on or off
   */
  Maintenance(
      Engine engine, Supplier<Backup.Home> home, Path data, String ownReason, Runnable turned) {
    this.engine = engine;
    this.home = home;
    this.file = data.resolve(FILE);
    this.ownReason = ownReason;
    this.turned = turned;
  }

  /** Goes on refusing changes if an admin said so before the daemon was started. */
  void resume() {
    try {
      if (ownReason.isEmpty()) {
        engine.refuseChanges(Files.readString(file).strip());
        Event.READ_ONLY_ON.say("read-only: " + engine.rules().readOnly());
      }
    } catch (NoSuchFileException e) {
      // nobody turned it on
    } catch (IOException e) {
      engine.refuseChanges(
          "read-only mode may have been turned on, as there is %s, and that cannot be read: %s; 'metakey read-only off' ends it"
              .formatted(file, Failure.words(e)));
    }
  }

  /** Why changes are refused, if an admin said so; empty otherwise. */
  String problem() {
    return ownReason.isEmpty() ? engine.rules().readOnly() : "";
  }

  @Override
  public byte[] backup() {
    if (home.get().ids().isEmpty()) {
      throw new MetakeyException(
          Reason.READ_ONLY,
          "there is nothing that a backup could be made of, as what is known may not be all: "
              + ownReason);
    }
    return Backup.of(engine.state(), home.get());
  }

  @Override
  public Restore restore(byte[] backup, boolean nothingLoaded) {
    Backup read = Backup.parse(backup, home.get());
    return new Restore(read.snapshot(), read.tag(), UUID.randomUUID(), nothingLoaded);
  }

  @Override
  public Apply apply(String file, byte[] text, boolean withFields) {
    Read<List<Apply.Entry>> read =
        FieldsFile.parse(PathText.parse(file), new String(text, UTF_8), withFields);
    if (!read.faults().isEmpty()) {
      throw new MetakeyException(
          Reason.INVALID_REQUEST, read.faults().stream().limit(MOST_FAULTS).collect(joining("; ")));
    }
    return new Apply(read.value());
  }

  @Override
  public void refuseChanges(Peer admin, String reason) {
    requireOthersWork();
    String why =
        "read-only mode was turned on by %s at %s%s; 'metakey read-only off' ends it"
            .formatted(
                admin.owner(),
                Instant.now().truncatedTo(ChronoUnit.SECONDS),
                reason.isEmpty() ? "" : " (" + reason + ")");
    ByteBuffer text = UTF_8.encode(why + "\n");
    noted(
        () ->
            AtomicFile.write(
                file,
                MODE,
                channel -> {
                  while (text.hasRemaining()) {
                    channel.write(text);
                  }
                }));
    engine.refuseChanges(why);
    Event.READ_ONLY_ON.say("changes are refused from now on: " + why);
    turned.run();
  }

  @Override
  public void takeChanges() {
    requireOthersWork();
    noted(() -> Files.deleteIfExists(file));
    engine.refuseChanges("");
    Event.READ_ONLY_OFF.say("read-only mode is off: changes are taken again");
    turned.run();
  }

  /** An admin can neither turn on nor off what the daemon began by itself. */
  private void requireOthersWork() {
    if (!ownReason.isEmpty()) {
      throw new MetakeyException(
          Reason.READ_ONLY, "metakeyd has started read-only by itself: " + ownReason);
    }
  }

  private interface Writing {
    void run() throws IOException;
  }

  private void noted(Writing writing) {
    try {
      writing.run();
    } catch (IOException e) {
      throw new MetakeyException(
          Reason.STORE_FAILED,
          "read-only mode stays as it is, as %s cannot be changed: %s"
              .formatted(file, Failure.words(e)),
          Map.of(),
          e);
    }
  }
}
