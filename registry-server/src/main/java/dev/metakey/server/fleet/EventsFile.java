package dev.metakey.server.fleet;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import dev.metakey.files.AtomicFile;
import dev.metakey.model.FleetEvent;
import dev.metakey.wire.FleetWire;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;

/** A file of events, a line of JSON for each. */
public record EventsFile(Path path) {
  /**
   * @return none if there is no such file
   * @throws IOException if it cannot be read, or is damaged
   */
  public List<FleetEvent> read() throws IOException {
    List<FleetEvent> events = new ArrayList<>();
    try {
      for (String line : Files.readAllLines(path)) {
        var event = dev.metakey.v1.FleetEvent.newBuilder();
        JsonFormat.parser().ignoringUnknownFields().merge(line, event);
        events.add(FleetWire.event(event.build()));
      }
      return List.copyOf(events);
    } catch (NoSuchFileException none) {
      return List.of();
    } catch (InvalidProtocolBufferException | IllegalArgumentException e) {
      throw new IOException("line %d is damaged".formatted(events.size() + 1), e);
    }
  }

  /** Replaces the file in one step; it survives a power loss when this returns. */
  public void write(List<FleetEvent> events) throws IOException {
    JsonFormat.Printer json = JsonFormat.printer().omittingInsignificantWhitespace();
    StringBuilder lines = new StringBuilder();
    for (FleetEvent event : events) {
      lines.append(json.print(FleetWire.event(event))).append('\n');
    }
    ByteBuffer bytes = ByteBuffer.wrap(lines.toString().getBytes(UTF_8));
    AtomicFile.write(
        path,
        PosixFilePermissions.fromString("rw-------"),
        file -> {
          while (bytes.hasRemaining()) {
            file.write(bytes);
          }
        });
  }
}
