package dev.metakey.layout;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.Format;
import dev.metakey.model.Layout;
import dev.metakey.model.Merge;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Owner;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Reservation;
import dev.metakey.model.Sharing;
import dev.metakey.model.Snapshot;
import dev.metakey.model.Stamp;
import dev.metakey.model.Words;
import java.io.ByteArrayOutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * {@code keys}: the registry as text in the form of iproute2's {@code rt_tables}. Each name that
 * resolves has a line with its id and name; what else is known follows a {@code #}. Names that do
 * not resolve, and free ids, are comments, so that no reader uses them.
 *
 * <pre>
 *   # metakey keys: made by metakeyd from each committed change; do not edit
 *   # registry=UUID revision=9 layout=slotted area=128 boot=UUID crc32c=0123abcd pid=4711 started=93011 pidns=4026531836 socket=/run/metakey/metakeyd.sock
 *   # id	name
 *   0	edge.packet_id # size=8 slot=24 ... owner=unit:edge.service
 *   # 1	gone # size=2 slot=26 ... state=retired owner=1000:a
 * </pre>
 *
 * <p>A daemon that has lost its data reads it back: everything that a field has is there except its
 * description and times. The checksum is that of all bytes after its line.
 *
 * <p>It names the {@link Daemon} that publishes it, so that a reader can tell whether that daemon
 * lives, and so whether the file is true now. The launcher of {@code metakey} does; it expects the
 * lines before the fields in exactly this form.
 */
public final class KeysText {
  private static final String FIRST_LINE =
      "# metakey keys: made by metakeyd from each committed change; do not edit";

  private static final String PID = " pid=";

  /** In characters: enough for 64 fields with short names. */
  private static final int ROOM = 8 << 10;

  private KeysText() {}

  /**
   * The daemon that publishes, as long as it lives.
   *
   * @param pid in its pid namespace
   * @param started clock ticks after the host booted: field 22 of {@code /proc/PID/stat}
   * @param pidNamespace the inode of {@code /proc/PID/ns/pid}
   * @param socket where it serves, absolute
   */
  public record Daemon(long pid, long started, long pidNamespace, Path socket) {
    private String words() {
      String process = PID + pid + " started=" + started + " pidns=" + pidNamespace;
      return process + " socket=" + escaped(socket.toString());
    }
  }

  /**
   * @param bootId of the host
   */
  public static String text(Snapshot snapshot, UUID bootId) {
    return text(snapshot, bootId, null);
  }

  /**
   * As {@link #text(Snapshot, UUID)}, with the daemon that publishes it.
   *
   * @param daemon null to name none
   */
  public static String text(Snapshot snapshot, UUID bootId, @Nullable Daemon daemon) {
    RegistryInfo info = snapshot.info();
    StringBuilder lines = new StringBuilder(ROOM).append("# id\tname\n");
    for (Field field : snapshot.allRecords()) {
      appendLine(lines, field);
    }
    String body = lines.toString();
    return FIRST_LINE // no format() here, nor below: it is slow, and calls wait for this
        + ("\n# registry=" + info.registryId() + " revision=" + info.revision())
        + (" layout=" + info.layout() + " area=" + info.areaBytes())
        + (" boot=" + bootId + " crc32c=" + checksum(body))
        + (daemon == null ? "" : daemon.words())
        + ("\n" + body);
  }

  /**
   * Where in the file the daemon's pid begins, in bytes. A {@code -} written there, which no pid
   * has, makes the file name no daemon.
   *
   * @param text of a file that names a daemon
   */
  public static int pidAt(String text) {
    return text.indexOf(PID) + PID.length();
  }

  private static void appendLine(StringBuilder line, Field field) {
    FieldSpec spec = field.spec();
    line.append(field.isResolvable() ? "" : "# ").append(field.id()).append('\t');
    line.append(field.name()).append(" # size=").append(field.size());
    line.append(" slot=").append(field.slot()).append(" generation=").append(field.generation());
    line.append(" format=").append(spec.format()).append(" merge=").append(spec.merge());
    line.append(" sharing=").append(spec.sharing());
    if (spec.ttlMs() != 0) {
      line.append(" ttl_ms=").append(spec.ttlMs());
    }
    if (field.created().revision() != 0) {
      line.append(" since=").append(field.created().revision());
    }
    if (!field.is(FieldState.ACTIVE)) {
      line.append(" state=").append(field.state());
    }
    if (field.isForeign()) {
      line.append(" foreign=yes");
    }
    Reservation reservation = field.reservation();
    if (reservation != null) {
      line.append(" reserved_by=").append(escaped(reservation.by()));
    }
    String before = " owner=";
    for (Owner owner : field.owners()) {
      line.append(before).append(escaped(owner.word()));
      before = ",";
    }
    line.append('\n');
  }

  /** Whether the bytes begin as a {@code keys} file does. */
  public static boolean isKeys(byte[] bytes) {
    byte[] first = FIRST_LINE.getBytes(UTF_8);
    return bytes.length >= first.length
        && Arrays.equals(bytes, 0, first.length, first, 0, first.length);
  }

  /**
   * @param text the whole file
   * @throws BadLayoutException saying what is wrong, if it is not what {@link #text} made
   */
  public static RegistryFile.Published parse(String text) throws BadLayoutException {
    if (!text.startsWith(FIRST_LINE + "\n")) {
      throw new BadLayoutException("does not start with '%s'".formatted(FIRST_LINE));
    }
    List<String> lines = text.lines().skip(1).toList();
    try {
      Map<String, String> head = pairs(lines.get(0).substring(2));
      String body = text.substring(FIRST_LINE.length() + lines.get(0).length() + 2);
      if (!checksum(body).equals(get(head, "crc32c"))) {
        throw new BadLayoutException("was cut or changed: its checksum does not fit");
      }
      RegistryInfo info =
          new RegistryInfo(
              UUID.fromString(get(head, "registry")),
              Long.parseLong(get(head, "revision")),
              Words.parse(Layout.class, "layout", get(head, "layout")),
              Integer.parseInt(get(head, "area")));
      List<Field> fields = new ArrayList<>();
      for (String line : lines.subList(2, lines.size())) {
        fields.add(field(line));
      }
      return new RegistryFile.Published(
          Snapshot.of(info, fields), 0, UUID.fromString(get(head, "boot")));
    } catch (IllegalArgumentException | IndexOutOfBoundsException | MetakeyException e) {
      throw new BadLayoutException("is damaged: " + e.getMessage(), e);
    }
  }

  private static Field field(String line) {
    String[] halves = line.split(" # ", 2);
    String place = halves[0].startsWith("# ") ? halves[0].substring(2) : halves[0];
    int tab = place.indexOf('\t');
    Map<String, String> pairs = pairs(halves[1]);
    FieldSpec spec =
        new FieldSpec(
            place.substring(tab + 1),
            Integer.parseInt(get(pairs, "size")),
            "",
            Words.parse(Format.class, "format", get(pairs, "format")),
            Words.parse(Merge.class, "merge", get(pairs, "merge")),
            Words.parse(Sharing.class, "sharing", get(pairs, "sharing")),
            Long.parseLong(pairs.getOrDefault("ttl_ms", "0")));
    FieldState state =
        Words.parse(FieldState.class, "state", pairs.getOrDefault("state", "active"));
    return new Field.Builder(Integer.parseInt(place.substring(0, tab)), spec, state)
        .slot(Integer.parseInt(get(pairs, "slot")))
        .generation(Integer.parseInt(get(pairs, "generation")))
        .created(new Stamp(Long.parseLong(pairs.getOrDefault("since", "0")), 0))
        .reservation(
            pairs.containsKey("reserved_by")
                ? new Reservation(
                    pairs.containsKey("foreign"), unescaped(get(pairs, "reserved_by")))
                : null)
        .owners(owners(pairs.getOrDefault("owner", "")))
        .build();
  }

  private static List<Owner> owners(String words) {
    List<Owner> owners = new ArrayList<>();
    for (String word : words.isEmpty() ? List.<String>of() : Arrays.asList(words.split(",", -1))) {
      Owner owner = Owner.parse(unescaped(word));
      if (owner == null) {
        throw new IllegalArgumentException("'%s' is not an owner".formatted(word));
      }
      owners.add(owner);
    }
    return owners;
  }

  private static Map<String, String> pairs(String text) {
    Map<String, String> pairs = new HashMap<>();
    for (String pair : text.split(" ", -1)) {
      int equals = pair.indexOf('=');
      pairs.put(pair.substring(0, equals), pair.substring(equals + 1));
    }
    return pairs;
  }

  private static String checksum(String text) {
    CRC32C crc = new CRC32C();
    crc.update(text.getBytes(UTF_8));
    return HexFormat.of().toHexDigits(crc.getValue(), 8);
  }

  private static String get(Map<String, String> pairs, String key) {
    String value = pairs.get(key);
    if (value == null) {
      throw new IllegalArgumentException("a line has no " + key);
    }
    return value;
  }

  /** What would end a word is written as {@code %} and two hexadecimal digits for each byte. */
  private static String escaped(String text) {
    int plain = 0;
    while (plain < text.length() && isPlain(text.charAt(plain))) {
      plain++;
    }
    if (plain == text.length()) {
      return text;
    }
    StringBuilder escaped = new StringBuilder();
    for (byte b : text.getBytes(UTF_8)) {
      if (isPlain(b)) {
        escaped.append((char) b);
      } else {
        escaped.append("%%%02x".formatted(b));
      }
    }
    return escaped.toString();
  }

  private static boolean isPlain(int c) {
    return c > ' ' && c < 0x7f && c != '%' && c != ',' && c != '#';
  }

  private static String unescaped(String text) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '%') {
        bytes.write(Integer.parseInt(text.substring(i + 1, i + 3), 16));
        i += 2;
      } else {
        bytes.write(c);
      }
    }
    return bytes.toString(UTF_8);
  }
}
