package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.Gson;
import io.kubernetes.client.openapi.models.V1ConfigMap;
import io.kubernetes.client.openapi.models.V1DaemonSet;
import io.kubernetes.client.openapi.models.V1Namespace;
import io.kubernetes.client.openapi.models.V1Pod;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/**
 * The manifests are what the API of Kubernetes takes: the official client for Java, which is
 * generated from the API's schemas, refuses fields that they do not have, that are of another type,
 * or that are missing.
 */
class KubernetesIT {
  private static final Path MANIFESTS = Path.of("kubernetes").toAbsolutePath();

  /** What reads an object of each kind that we have, and refuses what the schema does not allow. */
  private static final Map<String, Reader> KINDS =
      Map.of(
          "ConfigMap", V1ConfigMap::fromJson,
          "DaemonSet", V1DaemonSet::fromJson,
          "Namespace", V1Namespace::fromJson,
          "Pod", V1Pod::fromJson);

  @FunctionalInterface
  private interface Reader {
    Object read(String json) throws Exception;
  }

  /** The kinds of the objects, all of which fit the API. */
  private static List<String> fit(String manifests) throws Exception {
    List<String> kinds = new ArrayList<>();
    for (Object object : new Load(LoadSettings.builder().build()).loadAllFromString(manifests)) {
      String kind = (String) ((Map<?, ?>) object).get("kind");
      assertThat(KINDS).containsKey(kind);
      KINDS.get(kind).read(new Gson().toJson(object));
      kinds.add(kind);
    }
    return kinds;
  }

  @ParameterizedTest
  @CsvSource({
    "base/namespace.yaml, Namespace",
    "base/daemonset.yaml, DaemonSet",
    "overlays/example/edge.yaml, Pod"
  })
  void manifest_asItIs_fitsTheApi(String file, String kind) throws Exception {
    assertThat(fit(Files.readString(MANIFESTS.resolve(file)))).containsExactly(kind);
  }

  @ParameterizedTest
  @CsvSource({
    "base, ConfigMap DaemonSet Namespace",
    "overlays/example, ConfigMap DaemonSet Namespace Pod"
  })
  void manifests_fromKustomize_fitTheApi(String folder, String kinds) throws Exception {
    Requires.kustomize();
    List<String> kustomize = List.of("kubectl", "kustomize", MANIFESTS.resolve(folder).toString());

    String made = Ran.of(new ProcessBuilder(kustomize), Host.PATIENCE).ok().out();

    assertThat(fit(made)).containsExactlyInAnyOrder(kinds.split(" "));
  }

  @ParameterizedTest
  @CsvSource({
    "readOnlyRootFilesystem:, readonlyRootFilesystem:",
    "failureThreshold: 150, failureThreshold: often",
    "memory: 320Mi, memory: much",
    "- name: metakeyd, - title: metakeyd",
    "type: RuntimeDefault, kind: RuntimeDefault",
    "priorityClassName:, priorityClass:"
  })
  void manifest_withAWrongField_isRefused(String right, String wrong) throws Exception {
    String manifest = Files.readString(MANIFESTS.resolve("base/daemonset.yaml"));
    assertThat(manifest).contains(right);

    assertThatThrownBy(() -> fit(manifest.replace(right, wrong)))
        .isInstanceOf(RuntimeException.class);
  }
}
