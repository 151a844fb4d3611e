{{/* What all pods have in common. */}}
{{- define "fraudctl.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "fraudctl.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- define "fraudctl.env" -}}
- {name: FRAUDCTL_HOME, value: /var/lib/fraudctl}
- {name: FRAUDCTL_PROFILE, value: /etc/fraudctl/profile.yaml}
{{- end -}}

{{/* Of (root, stores, home): the profile, the secrets of Kafka and of these stores, and folders to write to. */}}
{{- define "fraudctl.volumes" -}}
{{- $root := .root -}}
- name: profile
  configMap: {name: {{ include "fraudctl.name" $root }}-profile}
- name: home
  emptyDir: {sizeLimit: {{ .home | default "256Mi" }}}
- name: tmp
  emptyDir: {sizeLimit: {{ .tmp | default "256Mi" }}}
{{- range $name := prepend .stores "kafka" }}
{{- with get $root.Values.secrets $name }}
- name: secret-{{ $name }}
  secret: {secretName: {{ .secretName }}, defaultMode: 0440}
{{- end }}
{{- end }}
{{- end -}}

{{- define "fraudctl.mounts" -}}
{{- $root := .root -}}
- {name: profile, mountPath: /etc/fraudctl, readOnly: true}
- {name: home, mountPath: /var/lib/fraudctl}
- {name: tmp, mountPath: /tmp}
{{- range $name := prepend .stores "kafka" }}
{{- if get $root.Values.secrets $name }}
- {name: secret-{{ $name }}, mountPath: /etc/fraudctl/secrets/{{ $name }}, readOnly: true}
{{- end }}
{{- end }}
{{- end -}}

{{/* Of (root, program, component): pods of one kind on machines and in zones of their own, where there are. */}}
{{- define "fraudctl.spread" -}}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: topology.kubernetes.io/zone
    whenUnsatisfiable: ScheduleAnyway
    labelSelector: {matchLabels: {app.kubernetes.io/instance: {{ .root.Release.Name }}, app.kubernetes.io/component: {{ .component }}}}
affinity:
  podAntiAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector: {matchLabels: {app.kubernetes.io/instance: {{ .root.Release.Name }}, app.kubernetes.io/component: {{ .component }}}}
{{- end -}}

{{- define "fraudctl.pullSecrets" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- end -}}
