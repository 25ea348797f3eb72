package dev.metakey.server.storage;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.metakey.model.Change;
import dev.metakey.model.Field;
import dev.metakey.model.Layout;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Owner;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import dev.metakey.model.Tag;
import dev.metakey.model.Words;
import dev.metakey.server.domain.ClockReading;
import dev.metakey.server.domain.RegistryState;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * A whole state as text, and the last changes that led to it. People read the first part of each
 * line; the daemon reads {@code record}, which is the field's or the change's database record in
 * base64 and has everything that these have.
 *
 * <pre>
 *   metakey-state 2
 *   # made by metakeyd; do not edit: the last line has a checksum
 *   sequence=7 registry=UUID revision=4 layout=slotted area=128 tag=HEX boot=ID clock=MS,MS,MS
 *       former=UUID,UUID                        (this is one line with the last)
 *   id=0 name=edge.packet_id size=8 slot=24 generation=1 state=active owners="..." record=BASE64
 *   change=4 kind=created name=edge.packet_id record=BASE64
 *   end crc32c=0123abcd
 * </pre>
 */
final class StateText {
  private static final String FIRST_LINE = "metakey-state 2";
  private static final String COMMENT =
      "# made by metakeyd; do not edit: the last line has a checksum";
  private static final String CHANGE = "change=";
  private static final String RECORD = " record=";
  private static final String END = "end crc32c=";
  private static final int END_BYTES =
      END.length() + 9; // eight hexadecimal digits, and a line feed

  /** In characters: enough for a line with one owner. */
  private static final int ROOM = 512;

  /** The fields whose {@link #lines} were made before: a commit changes few of the 64. */
  private final @Nullable Field[] written = new Field[Field.IDS];

  private final byte[][] lines = new byte[Field.IDS][];
  private ByteBuffer formatted = ByteBuffer.allocateDirect(StateCopy.ROOM);

  /**
   * What a text says.
   *
   * @param sequence counts the texts that were written: the highest is the newest
   * @param changes those that led to the state and that a power loss may have taken from the
   *     database; by revision
   * @param machine the machine that a backup was made on; empty in a copy, or if it is not known
   */
  record Parsed(long sequence, Contents contents, List<Change> changes, String machine) {
    /** The file that it is written to. */
    String name() {
      return StateCopy.NAMES.get((int) (sequence % StateCopy.NAMES.size()));
    }
  }

  /**
   * Formats a text.
   *
   * @param changes lines that {@link #line(Change, long)} made
   * @return the text, valid until the next one is formatted
   */
  ByteBuffer format(long sequence, Contents contents, List<byte[]> changes) {
    return format(head(sequence, contents) + "\n", contents, changes);
  }

  /** Formats a backup, which stands alone and says which machine it was made on. */
  byte[] backup(Contents contents, String machine) {
    String head = head(0, contents) + (machine.isEmpty() ? "" : " machine=" + machine) + "\n";
    ByteBuffer text = format(head, contents, List.of());
    byte[] bytes = new byte[text.remaining()];
    text.get(bytes);
    return bytes;
  }

  private ByteBuffer format(String head, Contents contents, List<byte[]> changes) {
    List<byte[]> parts = new ArrayList<>();
    parts.add(head.getBytes(UTF_8));
    for (Field field : contents.state().snapshot().records()) {
      parts.add(line(field));
    }
    parts.addAll(changes);
    int length = END_BYTES;
    for (byte[] part : parts) {
      length += part.length;
    }
    if (formatted.capacity() < length) {
      formatted = ByteBuffer.allocateDirect(length);
    }
    formatted.clear();
    parts.forEach(formatted::put);
    byte[] end = (END + checksum(formatted.duplicate().flip()) + "\n").getBytes(UTF_8);
    return formatted.put(end).flip();
  }

  private static String head(long sequence, Contents contents) {
    RegistryState state = contents.state();
    RegistryInfo info = state.snapshot().info();
    ClockReading clock = state.clock();
    return FIRST_LINE
        + ("\n" + COMMENT + "\nsequence=" + sequence)
        + (" registry=" + info.registryId() + " revision=" + info.revision())
        + (" layout=" + info.layout() + " area=" + info.areaBytes())
        + (" tag=" + state.tag().secretHex())
        + (" boot=" + base64(state.bootId().getBytes(UTF_8)))
        + (" clock=" + clock.bootMs() + "," + clock.atMs() + "," + clock.ageMs())
        + (" former=" + Former.text(contents.former()));
  }

  /**
   * @param bytes the text; what follows its last line is not looked at
   * @throws IOException if it is not whole; the message says why
   * @throws OtherFormatException if it has another format than this metakeyd reads
   */
  static Parsed parse(byte[] bytes) throws IOException, StoreException {
    String raw = new String(bytes, ISO_8859_1); // a character for each byte, whatever it is
    if (raw.isBlank()) {
      throw new IOException("it is empty");
    }
    int end = raw.indexOf("\n" + END) + 1;
    String sum = end == 0 ? "" : raw.substring(end + END.length()).lines().findFirst().orElse("");
    if (end == 0 || !sum.equals(checksum(ByteBuffer.wrap(bytes, 0, end)))) {
      throw new IOException("it is cut or damaged: its checksum does not fit");
    }
    String text = new String(bytes, 0, end, UTF_8);
    List<String> lines = text.lines().filter(l -> !l.startsWith("#")).toList();
    if (lines.isEmpty()) {
      throw new IOException("it is damaged: it has only comments");
    }
    if (!lines.get(0).equals(FIRST_LINE)) {
      throw new OtherFormatException(
          "a state copy, and a backup, starts with '%s', and this metakeyd reads '%s': run the metakeyd that wrote it; nothing was changed"
              .formatted(lines.get(0), FIRST_LINE));
    }
    try {
      return parse(lines);
    } catch (IllegalArgumentException | MetakeyException | IndexOutOfBoundsException e) {
      throw new IOException("it is damaged: " + e.getMessage(), e);
    }
  }

  private static Parsed parse(List<String> lines) throws StoreException {
    Map<String, String> head = new HashMap<>();
    for (String pair : lines.get(1).split(" ", -1)) {
      head.put(pair.substring(0, pair.indexOf('=')), pair.substring(pair.indexOf('=') + 1));
    }
    RegistryInfo info =
        new RegistryInfo(
            UUID.fromString(get(head, "registry")),
            Long.parseLong(get(head, "revision")),
            Words.parse(Layout.class, "layout", get(head, "layout")),
            Integer.parseInt(get(head, "area")));
    List<Field> fields = new ArrayList<>();
    List<Change> changes = new ArrayList<>();
    for (String line : lines.subList(2, lines.size())) {
      String base64 = line.substring(line.lastIndexOf(RECORD) + RECORD.length());
      byte[] record = Base64.getDecoder().decode(base64);
      if (line.startsWith(CHANGE)) {
        changes.add(Records.readChange(record));
      } else {
        fields.add(Records.readKey(record));
      }
    }
    List<UUID> former = Former.parse(get(head, "former"));
    String bootId = new String(Base64.getDecoder().decode(get(head, "boot")), UTF_8);
    RegistryState state =
        new RegistryState(Snapshot.of(info, fields), bootId)
            .with(Tag.of(HexFormat.of().parseHex(get(head, "tag"))))
            .at(clock(get(head, "clock")));
    return new Parsed(
        Long.parseLong(get(head, "sequence")),
        new Contents(state, former),
        List.copyOf(changes),
        head.getOrDefault("machine", ""));
  }

  private static ClockReading clock(String text) {
    String[] parts = text.split(",", 3);
    return new ClockReading(
        Long.parseLong(parts[0]), Long.parseLong(parts[1]), Long.parseLong(parts[2]));
  }

  private static String get(Map<String, String> head, String key) {
    String value = head.get(key);
    if (value == null) {
      throw new IllegalArgumentException("it has no " + key);
    }
    return value;
  }

  private byte[] line(Field field) {
    int id = field.id();
    if (!field.equals(written[id])) {
      StringBuilder line = new StringBuilder(ROOM); // calls wait for this, and format() is slow
      line.append("id=").append(id).append(" name=").append(field.name());
      line.append(" size=").append(field.size()).append(" slot=").append(field.slot());
      line.append(" generation=").append(field.generation());
      line.append(" state=").append(field.state()).append(" owners=\"");
      String before = "";
      for (Owner owner : field.owners()) {
        line.append(before).append(printable(owner.toString()));
        before = ", ";
      }
      lines[id] = ended(line.append('"'), Records.key(field));
      written[id] = field;
    }
    return lines[id];
  }

  static byte[] line(Change change, long ageMs) {
    StringBuilder line = new StringBuilder(ROOM).append(CHANGE).append(change.revision());
    line.append(" kind=").append(change.kind()).append(" name=").append(change.field().name());
    return ended(line, Records.change(change, ageMs));
  }

  private static byte[] ended(StringBuilder line, byte[] record) {
    return line.append(RECORD).append(base64(record)).append('\n').toString().getBytes(UTF_8);
  }

  private static String printable(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < ' ' || c == 0x7f || c == '"') {
        return printable(text.replace(c, '?'));
      }
    }
    return text;
  }

  private static String base64(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }

  private static String checksum(ByteBuffer bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return HexFormat.of().toHexDigits(crc.getValue(), 8);
  }
}
