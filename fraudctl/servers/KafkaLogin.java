import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.Map;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.NameCallback;
import javax.security.auth.callback.UnsupportedCallbackException;
import javax.security.auth.login.AppConfigurationEntry;
import org.apache.kafka.common.security.auth.AuthenticateCallbackHandler;
import org.apache.kafka.common.security.scram.ScramCredential;
import org.apache.kafka.common.security.scram.ScramCredentialCallback;
import org.apache.kafka.common.security.scram.internals.ScramFormatter;
import org.apache.kafka.common.security.scram.internals.ScramMechanism;
import org.apache.kafka.common.security.token.delegation.internals.DelegationTokenCredentialCallback;

/**
 * Who a Kafka of one stack knows: itself, and its owner, whose password lies in a file.
 *
 * <p>Kafka keeps passwords in its own log, where they must be put before anybody may log in; a file needs no such
 * beginning, and is read at each login, so that a new password counts at once. Options of the login module:
 * {@code username} and {@code password} are the broker's own, {@code owner} and {@code file} those of the owner.
 */
public final class KafkaLogin implements AuthenticateCallbackHandler {
  /** The least that Kafka takes; more would make guessing slower, and nobody guesses 24 random bytes. */
  private static final int ITERATIONS = 4_096;

  private ScramMechanism mechanism;
  private Map<String, ?> options;
  private String password = "";
  private ScramCredential credential;

  @Override
  public void configure(Map<String, ?> settings, String name, List<AppConfigurationEntry> entries) {
    mechanism = ScramMechanism.forMechanismName(name);
    options = entries.get(0).getOptions();
  }

  @Override
  public void handle(Callback[] callbacks) throws UnsupportedCallbackException {
    String user = "";
    for (Callback callback : callbacks) {
      if (callback instanceof NameCallback) {
        user = ((NameCallback) callback).getDefaultName();
      } else if (callback instanceof ScramCredentialCallback) {
        ((ScramCredentialCallback) callback).scramCredential(of(user));
      } else if (!(callback instanceof DelegationTokenCredentialCallback)) {
        throw new UnsupportedCallbackException(callback);
      }
    }
  }

  /** What a user's proof is checked against; nothing for one that is not known, who is refused. */
  private ScramCredential of(String user) {
    if (user.equals(options.get("username"))) {
      return made((String) options.get("password"));
    }
    return user.equals(options.get("owner")) ? ofOwner() : null;
  }

  private synchronized ScramCredential ofOwner() {
    try {
      String found = Files.readString(Path.of((String) options.get("file"))).strip();
      if (found.isEmpty()) {
        return null;
      }
      if (!found.equals(password)) {
        credential = made(found);
        password = found;
      }
      return credential;
    } catch (IOException failure) {
      throw new UncheckedIOException("the owner's password cannot be read", failure);
    }
  }

  private ScramCredential made(String secret) {
    try {
      return new ScramFormatter(mechanism).generateCredential(secret, ITERATIONS);
    } catch (NoSuchAlgorithmException failure) {
      throw new IllegalStateException(failure);
    }
  }

  @Override
  public void close() {}
}
