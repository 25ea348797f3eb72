package dev.metakey.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** That metakeyd.yaml(5) has every key, and says of each what is so. */
class ConfigManTest {
  private static final Path PAGE = Path.of("../deploy/src/image/share/man/man5/metakeyd.yaml.5");
  private static final Pattern ENTRY =
      Pattern.compile("(?ms)^\\\\fB([a-z_.]+)\\\\fR\\n(.*?)(?=^\\.(TP|RE|SH|RS)$)");
  private static final Pattern DEFAULT = Pattern.compile("Default: \\\\fB([^\\\\]+)\\\\fR");
  private static final Pattern ALLOWED = Pattern.compile("allowed: \\[(.*)]");

  @TempDir private Path directory;
  private Map<String, String> entries;

  @BeforeEach
  void readPage() throws IOException {
    entries = new LinkedHashMap<>();
    ENTRY
        .matcher(Files.readString(PAGE))
        .results()
        .forEach((MatchResult entry) -> entries.put(entry.group(1), entry.group(2)));
  }

  private Read<Config> read(String yaml) throws IOException {
    return ConfigFile.read(Files.writeString(directory.resolve("metakeyd.yaml"), yaml));
  }

  /** The keys that messages name where one is not known. */
  private List<String> allowed(String yaml) throws IOException {
    String fault = String.join("\n", read(yaml).faults());
    return ALLOWED
        .matcher(fault)
        .results()
        .map(keys -> List.of(keys.group(1).split(", ", -1)))
        .findFirst()
        .orElseThrow(() -> new AssertionError(fault));
  }

  @Test
  void page_hasEveryKeyInTheirOrder() throws IOException {
    assertThat(entries.keySet().stream().filter(key -> !key.contains(".")))
        .containsExactlyElementsOf(allowed("no_such: 1"));
  }

  @Test
  void page_hasEveryKeyOfEachSection() throws IOException {
    List<String> sections = new ArrayList<>();
    for (String key : allowed("no_such: 1")) {
      String wrong = key + ": {no_such: 1}";
      if (ALLOWED.matcher(String.join("\n", read(wrong).faults())).find()) {
        sections.add(key);
        assertThat(of(key)).as(key).containsExactlyInAnyOrderElementsOf(allowed(wrong));
      }
    }
    assertThat(sections).contains("history", "limits", "log");
  }

  @Test
  void page_hasEveryKeyOfARule() throws IOException {
    assertThat(of("policy")).containsExactlyElementsOf(allowed("policy: [{no_such: 1}]"));
    assertThat(entries.get("policy.allow"))
        .contains(String.join(", ", allowed("policy: [{rule: a, allow: {no_such: 1}}]")));
    for (String quota : allowed("policy: [{rule: a, allow: all, quota: {no_such: 1}}]")) {
      assertThat(entries.get("policy.quota")).contains(quota);
    }
  }

  private List<String> of(String section) {
    return entries.keySet().stream()
        .filter(key -> key.startsWith(section + "."))
        .map(key -> key.substring(section.length() + 1))
        .toList();
  }

  @Test
  void page_saysWhatAReloadTakesOn() {
    for (ConfigKey key : ConfigKey.ALL) {
      assertThat(entries.get(key.name()))
          .as(key.name())
          .contains(key.reloads() ? "A reload takes it on" : "Counts from the next start");
    }
  }

  @Test
  void page_saysWhatTheDefaultsAre() throws IOException {
    List<String> told = new ArrayList<>();
    for (Map.Entry<String, String> entry : entries.entrySet()) {
      for (MatchResult value : DEFAULT.matcher(entry.getValue()).results().toList()) {
        int dot = entry.getKey().indexOf('.');
        String key = entry.getKey();
        String yaml =
            dot < 0
                ? key + ": " + value.group(1)
                : "%s: {%s: %s}"
                    .formatted(key.substring(0, dot), key.substring(dot + 1), value.group(1));
        Read<Config> read = read(yaml);
        assertThat(read.faults()).isEmpty();
        for (ConfigKey each : ConfigKey.ALL) {
          assertThat(each.isSame(read.value(), Config.defaults())).as(yaml).isTrue();
        }
        told.add(key);
      }
    }
    assertThat(told)
        .contains("socket", "area", "history.keep", "publish.registry.bin", "log.level");
  }
}
