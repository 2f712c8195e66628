{{- /* The name of every object: fullnameOverride, else the release and the chart, as subcharts need. */ -}}
{{- define "tributary.name" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- $chart := default .Chart.Name .Values.nameOverride -}}
{{- if contains $chart .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $chart | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "tributary.labels" -}}
{{ include "tributary.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "tributary.selector" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "tributary.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "tributary.name" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "tributary.image" -}}
{{- $image := .Values.image.repository -}}
{{- if .Values.image.registry }}{{ $image = printf "%s/%s" .Values.image.registry $image }}{{ end -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" $image .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" $image (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{- define "tributary.basePath" -}}
{{- .Values.settings.url_base_path | default .Values.settings.urlBasePath | default "" | trimSuffix "/" -}}
{{- end -}}

{{- /* Who asks for a path speaks TLS where the gateway does. A client certificate is not something
that the kubelet has, so it opens a connection then. */ -}}
{{- define "tributary.probe" -}}
{{- $tls := .root.Values.settings.tls | default dict -}}
{{- if $tls.clientCAFile -}}
tcpSocket: {port: http}
{{- else -}}
httpGet:
  path: {{ include "tributary.basePath" .root }}{{ .path }}
  port: http
  {{- if $tls.certFile }}
  scheme: HTTPS
  {{- end }}
{{- end -}}
{{- end -}}

{{- /* Whether there can be more than one pod at a time. */ -}}
{{- define "tributary.isSeveral" -}}
{{- if or .Values.autoscaling.enabled (gt (int .Values.replicas) 1) -}}yes{{- end -}}
{{- end -}}

{{- /* State on disk belongs to one pod: what one of several keeps, the others would not know. */ -}}
{{- define "tributary.refuseDividedState" -}}
{{- if include "tributary.isSeveral" . -}}
{{- if .Values.persistence.enabled -}}
{{- fail "several replicas cannot share a volume: set persistence.enabled to false, and settings.postgres for state that all of them share" -}}
{{- end -}}
{{- if and (or .Values.settings.data_dir .Values.settings.dataDir) (not .Values.settings.postgres) -}}
{{- fail "several replicas would each keep their own projects and keys in data_dir: set settings.data_dir to null, and settings.postgres for state that all of them share" -}}
{{- end -}}
{{- end -}}
{{- end -}}
