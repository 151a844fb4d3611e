package fraudctl.tests;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.UnsupportedCallbackException;
import javax.security.auth.login.AppConfigurationEntry;
import org.apache.kafka.common.security.auth.AuthenticateCallbackHandler;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerToken;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallback;

/**
 * The broker's side of MSK's tokens: a signed URL in Base64. Asks for the action, the region and the access key that
 * the double of the credentials service gives, its own (who is then `iam`) or that of a role (`role`); the signature
 * itself only AWS can check.
 */
public final class IamTokens implements AuthenticateCallbackHandler {
    @Override
    public void configure(Map<String, ?> settings, String mechanism, List<AppConfigurationEntry> entries) {}

    @Override
    public void handle(Callback[] callbacks) throws IOException, UnsupportedCallbackException {
        for (Callback one : callbacks) {
            if (!(one instanceof OAuthBearerValidatorCallback asked)) {
                throw new UnsupportedCallbackException(one);
            }
            String url = new String(Base64.getUrlDecoder().decode(asked.tokenValue()), StandardCharsets.UTF_8);
            boolean byRole = url.contains("X-Amz-Credential=ASIAROLE%2F");
            if (url.startsWith("https://kafka.eu-central-1.amazonaws.com")
                    && url.contains("Action=kafka-cluster%3AConnect") && url.contains("X-Amz-Signature=")
                    && (byRole || url.contains("X-Amz-Credential=ASIADOUBLE%2F"))
                    && url.contains("X-Amz-Security-Token=")) {
                asked.token(new Token(asked.tokenValue(), byRole ? "role" : "iam", System.currentTimeMillis()));
            } else {
                asked.error("invalid_token", null, null);
            }
        }
    }

    private record Token(String value, String principalName, Long startTimeMs) implements OAuthBearerToken {
        @Override
        public Set<String> scope() {
            return Set.of();
        }

        @Override
        public long lifetimeMs() {
            return startTimeMs + 600_000;
        }
    }

    @Override
    public void close() {}
}
